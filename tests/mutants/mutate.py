# SPDX-License-Identifier: BSL-1.0
"""Mutants of a C++ header by its text: every place that can be changed is, each change switched on by
a number. Knows no name of the library's, only how clang-format lays out code."""
import bisect
import re


class Mutant:
    def __init__(self, number, path, line, what):
        self.number, self.path, self.line, self.what = number, path, line, what
        self.which = 1  # of those of its file that read the same
        self.compiled_line = line  # where the compiler sees it

    def __str__(self):
        return f'{self.path}:{self.line}: {self.what}'

    def name(self):
        """Lines move: it is known by its words, and which one it is."""
        return f'{self.path}: {self.what}' + (f' ({self.which})' if self.which > 1 else '')

    def is_described_by(self, expression):
        text = f'{self.path}: {self.what}'
        return expression.fullmatch(text) or expression.fullmatch(f'{text} ({self.which})')


def mask(text):
    """The text with comments, strings, characters and preprocessor lines blanked out."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\''
        r'|^[ \t]*#(?:\\\n|[^\n])*', re.S | re.M)
    return pattern.sub(lambda m: re.sub(r'[^\n]', '\x00', m.group()), text)


def closing(text, at):
    """The place of the bracket that closes the one at `at`."""
    depth = 0
    for i in range(at, len(text)):
        if text[i] in '([{':
            depth += 1
        elif text[i] in ')]}':
            depth -= 1
            if depth == 0:
                return i
    return -1


def split(masked, begin, end, separator):
    """The pieces between `separator`s that stand in no bracket, as (begin, end)."""
    pieces, depth, at, start = [], 0, begin, begin
    while at < end:
        if masked[at] in '([{':
            depth += 1
        elif masked[at] in ')]}':
            depth -= 1
        elif depth == 0 and masked.startswith(separator, at):
            pieces.append((start, at))
            at += len(separator)
            start = at
            continue
        at += 1
    pieces.append((start, end))
    return pieces


class Header:
    def __init__(self, path, text, next_number, banned):
        self.path, self.text, self.masked = path, text, mask(text)
        self.banned = banned
        self.next_number = next_number
        self.mutants, self.edits = [], []
        self.lines = [0] + [m.end() for m in re.finditer('\n', text)]

    def line_of(self, at):
        return bisect.bisect_right(self.lines, at)

    def mutant(self, at, what):
        """The condition that switches a new mutant on, or "false" where it is banned."""
        number = self.next_number
        self.next_number += 1
        if number in self.banned:
            return 'false'
        what = re.sub(r'\s+', ' ', what)
        self.mutants.append(Mutant(number, self.path, self.line_of(at), what))
        return f'DAEMONIZER_MUTANT({number})'

    def words(self, begin, end):
        return re.sub(r'\s+', ' ', self.text[begin:end]).strip()

    def operands(self, begin, end):
        """The expression, each operand of || and && switched off in turn."""
        for separator, off in (('||', '(!{} && ({}))'), ('&&', '({} || ({}))')):
            pieces = split(self.masked, begin, end, separator)
            if len(pieces) == 1:
                continue
            texts = []
            for b, e in pieces:
                on = self.mutant(b, f'without "{self.words(b, e)}"')
                inner = self.operands(b, e) if separator == '||' else self.text[b:e].strip()
                texts.append(off.format(on, inner))
            return f' {separator} '.join(texts)
        return self.text[begin:end].strip()

    def condition(self, keyword, begin, end):
        statements = split(self.masked, begin, end, ';')
        b, e = statements[-1]
        text = self.masked[b:e]
        if '\x00' in text and '//' in self.text[b:e]:
            return
        if re.match(r'\s*(const\w*|auto|struct|unsigned|int|long|pid_t|\w+_t) ', text) and '=' in text:
            return
        what = self.words(b, e)
        never = self.mutant(b, f'{keyword} ({what}) never')
        always = f' : {self.mutant(b, f"{keyword} ({what}) always")} ? true' if keyword == 'if' else ''
        self.edits.append((b, e, f'{" " if len(statements) > 1 else ""}{never} ? false{always} : '
                                 f'static_cast<bool>({self.operands(b, e)})'))

    def conditions(self):
        for match in re.finditer(r'\b(if|while) \(', self.masked):
            end = closing(self.masked, match.end() - 1)
            if end > 0:
                self.condition(match.group(1), match.end(), end)

    def returns(self):
        for match in re.finditer(r'\breturn ([^;{}\x00]+);', self.masked):
            begin, end = match.span(1)
            text = match.group(1)
            if '?' in text or '=>' in text:
                continue
            logical = len(split(self.masked, begin, end, '&&')) + len(
                split(self.masked, begin, end, '||')) > 2
            compares = any(len(split(self.masked, begin, end, o)) == 2
                           for o in (' == ', ' != ', ' < ', ' >= ', ' <= '))
            if logical or compares or text.startswith('!'):
                on = self.mutant(begin, f'return the opposite of {self.words(begin, end)}')
                self.edits.append((begin, end, f'{on} ? !({self.text[begin:end]}) : static_cast<bool>'
                                               f'({self.operands(begin, end)})'))

    STATEMENT = re.compile(
        r'^(?P<indent> +)(?P<code>(?!return\b|static_assert\b|using\b|requires\b|delete\b|if\b|for\b|'
        r'while\b|switch\b|case\b|goto\b|do\b|noexcept\b|decltype\b)'
        r'(?:[A-Za-z_](?:[\w.]|::|->)*(?:<[\w:, ]*>)?\((?P<arguments>[^;{}]*)\)'
        r'|[A-Za-z_](?:[\w.\[\]]|->)* (?:=|\|=|&=) [^;{}]+|(?:\+\+|--)[\w.]+));$', re.M)

    def statements(self):
        found = []
        for match in self.STATEMENT.finditer(self.masked):
            before = self.masked[:match.start()].rstrip('\x00 \n')
            if before and before[-1] not in ';{})' and not before.endswith('else'):
                continue
            # Inside a function: a member's initialiser or a declaration is no statement.
            if len(match.group('indent')) < 4 or '\x00' in match.group('code').split('(')[0]:
                continue
            found.append(match)
        at = 0
        while at < len(found):
            first = found[at]
            second = found[at + 1] if at + 1 < len(found) else None
            between = self.masked[first.end():second.start()] if second else 'x'
            calls = second is not None and first.group('arguments') is not None and \
                second.group('arguments') is not None
            before = self.masked[:first.start()].rstrip('\x00 \n')
            in_block = before.endswith((';', '{', '}'))
            if calls and in_block and between.strip('\x00\n ') == '' and \
                    first.group('indent') == second.group('indent'):
                a, b = (self.text[m.start('code'):m.end()] for m in (first, second))
                swap = self.mutant(first.start('code'), f'{b} before {a}')
                self.edits.append((first.start('code'), second.end(),
                                   f'if ({swap}) {{ {b} {a} }} else {{ {self.removable(first)} '
                                   f'{self.removable(second)} }}'))
                at += 2
                continue
            self.edits.append((first.start('code'), first.end(), self.removable(first)))
            at += 1

    def removable(self, match):
        code = self.text[match.start('code'):match.end()]
        on = self.mutant(match.start('code'), f'without {code}')
        return f'if ({on}) {{}} else {code}'

    def constants(self):
        for match in re.finditer(r'^ {8,}(constexpr (?:const )?)([\w ]+? )(\w+) = ([^;{}\x00]+);',
                                 self.masked, re.M):
            begin, end = match.span(4)
            on = self.mutant(begin, f'{match.group(3)} is 0')
            if on == 'false':
                continue
            # No constant any more: the compiler would look whether the mutant is on, and see no page.
            self.edits.append((match.start(1), end, f'{match.group(2)}{match.group(3)} = {on} ? 0 '
                                                    f': ({self.text[begin:end]})'))
        for match in re.finditer(r'\| ([A-Z][A-Z_0-9]{3,})\b(?!\()', self.masked):
            start_of_line = self.lines[self.line_of(match.start()) - 1]
            if 'constexpr' in self.masked[start_of_line:match.start()]:
                continue
            if any(b <= match.start() < e for b, e, _ in self.edits):
                continue
            on = self.mutant(match.start(), f'without {match.group(1)}')
            self.edits.append((match.start(1), match.end(1), f'({on} ? 0 : {match.group(1)})'))

    def mutated(self):
        self.conditions()
        self.returns()
        self.statements()
        self.constants()
        text, last, done = [], 0, -1
        for begin, end, replacement in sorted(self.edits):
            if begin < done:  # inside another change
                continue
            # One line of the copy for each of the original, so that a compiler's line is ours.
            lost = self.text[begin:end].count('\n')
            text.append(self.text[last:begin] + replacement.replace('\n', ' ') + '\n' * lost)
            last = done = end
        text.append(self.text[last:])
        whole = ''.join(text)
        places = {int(n): self.line_of(begin) for begin, _, replacement in self.edits
                  for n in re.findall(r'DAEMONIZER_MUTANT\((\d+)\)', replacement)}
        for mutant in self.mutants:
            mutant.compiled_line = places.get(mutant.number, mutant.line)
        present = {int(n) for n in re.findall(r'DAEMONIZER_MUTANT\((\d+)\)', whole)}
        self.mutants = [m for m in self.mutants if m.number in present]
        return whole
