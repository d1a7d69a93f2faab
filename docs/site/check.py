#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Looks at a site in a browser (Chromium, without a screen).

usage: check.py SITE
       check.py --screenshots DIRECTORY SITE [PAGE...]

Every page is loaded as on a phone, 360 pixels wide. It must not be wider than that, all its pictures
must load, and the page must load nothing from elsewhere. Every link within the site leads to a page and
a place in it that are there. The search finds a policy, and who prefers dark colours gets them.
Exit status 77: there is no Chromium."""
import base64
import functools
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

WIDTH = 360
LOOK = """(() => {
  const wide = [];
  if (document.documentElement.scrollWidth > innerWidth)
    for (const e of document.querySelectorAll('article *'))
      if (e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('pre,.md-typeset__scrollwrap'))
        wide.push(e.tagName + ' ' + e.textContent.slice(0, 40));
  return JSON.stringify({
    width: document.documentElement.scrollWidth, wide: wide.slice(0, 3),
    pictures: [...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.src),
    ids: [...document.querySelectorAll('[id],a[name]')].map(e => e.id || e.name),
    links: [...document.querySelectorAll('a[href]')].map(e => e.href),
    loaded: performance.getEntriesByType('resource').map(e => e.name),
    text: document.querySelector('article').innerText.length});
})()"""
SEARCH = """(async () => {
  document.querySelector('[data-md-toggle=search]').click();
  const field = document.querySelector('[data-md-component=search-query]');
  for (let i = 0; i < 600; ++i) {
    field.focus();
    field.value = 'PidFile';
    field.dispatchEvent(new Event('keyup', {bubbles: true}));
    field.dispatchEvent(new Event('input', {bubbles: true}));
    await new Promise(r => setTimeout(r, 100));
    const found = document.querySelectorAll('.md-search-result__item').length;
    if (found)
      return found;
  }
  return 0;
})()"""


COLOURS = """(async () => {
  for (let i = 0; i < 300; ++i) {
    if (document.body.getAttribute('data-md-color-scheme') == '%s')
      return true;
    await new Promise(r => setTimeout(r, 100));
  }
  return false;
})()"""


class Browser:
    """Chromium's DevTools protocol, through a pair of pipes: descriptors 3 and 4 of its process."""

    def __init__(self, program, home):
        theirs, self.to = os.pipe()
        self.come, back = os.pipe()
        # The shell puts the pipes where Chromium looks for them.
        self.process = subprocess.Popen(
            ["sh", "-c", 'exec 3<&%d 4>&%d; exec "$@"' % (theirs, back), "sh", program, "--headless",
             "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--no-first-run", "--disable-background-networking", "--remote-debugging-pipe",
             "--user-data-dir=" + home], pass_fds=(theirs, back), stderr=subprocess.DEVNULL)
        os.close(theirs)
        os.close(back)
        self.number, self.rest, self.session = 0, b"", None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")

    def receive(self):
        while b"\0" not in self.rest:
            more = os.read(self.come, 1 << 20)
            if not more:
                sys.exit("check.py: the browser has gone")
            self.rest += more
        message, _, self.rest = self.rest.partition(b"\0")
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        self.events = []
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit("check.py: %s: %s" % (method, answer["error"]))
                return answer["result"]
            self.events.append(answer.get("method"))

    def open(self, url):
        self.call("Page.navigate", url=url)
        while "Page.loadEventFired" not in self.events:
            self.events.append(self.receive().get("method"))

    def evaluate(self, text):
        answer = self.call("Runtime.evaluate", expression=text, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            sys.exit("check.py: %s" % answer["exceptionDetails"])
        return answer["result"].get("value")

    def size(self, width, height, dark=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 800)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def forget(self, base):
        """The choice of colours, which a page of the site keeps for the next one."""
        self.open("about:blank")
        self.call("Storage.clearDataForOrigin", origin=base.rstrip("/"), storageTypes="local_storage")

    def picture(self, path):
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))

    def close(self):
        self.call("Browser.close")
        self.process.wait()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def faults_of(page, seen, base, places):
    if seen["width"] > WIDTH:
        yield "is %d pixels wide on a phone: %s" % (seen["width"], "; ".join(seen["wide"]))
    for picture in seen["pictures"]:
        yield "has a picture that does not load: " + picture
    for other in {url for url in seen["loaded"] if not url.startswith((base, "data:", "blob:"))}:
        yield "loads from elsewhere: " + other
    if seen["text"] < 100:
        yield "is empty"
    for link in set(seen["links"]):
        if not link.startswith(base):
            continue
        path, _, anchor = urllib.parse.unquote(link[len(base):]).partition("#")
        path = path or "index.html"
        if path not in places:
            yield "links to a page that is not there: " + link[len(base):]
        elif anchor and anchor not in places[path]:
            yield "links to a place that is not there: " + link[len(base):]


def main(site, screenshots, chosen):
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        print("skipped: not installed: chromium")
        sys.exit(77)
    site = pathlib.Path(site)
    if not site.is_dir():
        print("skipped: the site was not made")
        sys.exit(77)
    pages = sorted(str(p.relative_to(site)) for p in site.rglob("*.html") if p.name != "404.html")
    if len(pages) < 20:
        sys.exit("check.py: %s has %d pages only" % (site, len(pages)))
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = "http://127.0.0.1:%d/" % server.server_port
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        browser = Browser(program, home)
        if screenshots:
            take_screenshots(browser, base, chosen or pages, pathlib.Path(screenshots))
            browser.close()
            return
        browser.size(WIDTH, 740)
        seen = {}
        for page in pages:
            browser.open(base + page)
            browser.evaluate("document.querySelectorAll('img').forEach(i => i.loading = 'eager')")
            seen[page] = json.loads(browser.evaluate(LOOK))
        places = {page: set(seen[page]["ids"]) for page in pages}
        faults = [page + " " + fault for page in pages
                  for fault in sorted(faults_of(page, seen[page], base, places))]
        browser.open(base + "index.html")
        if not browser.evaluate(SEARCH):
            faults.append("the search does not find PidFile")
        for scheme in ("default", "slate"):
            browser.size(WIDTH, 740, scheme == "slate")
            browser.forget(base)
            browser.open(base + "start.html")
            if not browser.evaluate(COLOURS % scheme):
                faults.append("the colours are not those that the reader prefers: " + scheme)
        browser.close()
    if faults:
        sys.exit("\n".join(faults))
    print("%d pages, %d links, all in order" % (len(pages), sum(len(s["links"]) for s in seen.values())))


def take_screenshots(browser, base, pages, to):
    to.mkdir(parents=True, exist_ok=True)
    for page in pages:
        for kind, width, height, dark in (("phone", WIDTH, 740, False), ("light", 1280, 1600, False),
                                          ("dark", 1280, 1600, True)):
            browser.size(width, height, dark)
            browser.forget(base)
            browser.open(base + page)
            time.sleep(.5)
            browser.picture(to / ("%s-%s.png" % (page.replace("/", "_"), kind)))


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[:1] == ["--screenshots"] and len(words) > 2:
        main(words[2], words[1], words[3:])
    elif len(words) == 1:
        main(words[0], None, [])
    else:
        sys.exit(__doc__)
