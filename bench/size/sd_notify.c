/* SPDX-License-Identifier: BSL-1.0 */
/* What a service that wants no library writes by hand to tell a manager, as far as the example in
 * sd_notify(3) goes: paths and abstract names, no vsock, no number, no wait for a busy manager, no
 * cut of a long status. For size/measure, beside SystemdNotify. */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* 1 told, 0 nobody is named, or a negative errno. */
static int notify(const char* message) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t size = strlen(message);
    const char* name = getenv("NOTIFY_SOCKET");
    if (size == 0)
        return -EINVAL;
    if (name == NULL)
        return 0;
    if (name[0] != '/' && name[0] != '@')
        return -EAFNOSUPPORT;
    const size_t length = strlen(name);
    if (length >= sizeof address.sun_path)
        return -E2BIG;
    memcpy(address.sun_path, name, length);
    if (name[0] == '@')
        address.sun_path[0] = 0;
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    const socklen_t whole = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    int result = 1;
    if (connect(fd, (const struct sockaddr*)&address, whole) != 0)
        result = -errno;
    else if (send(fd, message, size, MSG_NOSIGNAL) != (ssize_t)size)
        result = errno == 0 ? -EPROTO : -errno;
    close(fd);
    return result;
}

int notify_ready(void) { return notify("READY=1"); }
int notify_stopping(void) { return notify("STOPPING=1"); }
int notify_reloading(void) {
    struct timespec now;
    char text[64];
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return -errno;
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld",
             now.tv_sec * 1000000LL + now.tv_nsec / 1000);
    return notify(text);
}
int notify_status(const char* status) {
    char text[1024];
    snprintf(text, sizeof text, "STATUS=%s", status);
    return notify(text);
}
int notify_failed(const char* why, int error) {
    char text[1024];
    snprintf(text, sizeof text, "ERRNO=%d\nSTATUS=%s", error, why);
    return notify(text);
}
