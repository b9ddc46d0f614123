#!/usr/bin/env python3
"""Runs a command on a terminal of its own and makes an animated SVG of what it shows.

    scripts/record.py [--columns 80] [--rows 24] OUT.svg COMMAND...

It knows what ksi writes: colours, cursor up, clearing of lines. Frames are told by synchronized updates and
by lines; pauses of more than two seconds are cut short. On a terminal it shows what it records. Ends with the
command's exit code.
"""
import argparse
import codecs
import fcntl
import html
import os
import pty
import re
import struct
import sys
import termios
import time

PAUSE, LAST = 2.0, 6.0
COLOURS = {31: "#e5534b", 32: "#57ab5a", 33: "#c69026", 34: "#539bf5", 35: "#b083f0", 36: "#39c5cf"}
ESCAPE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")


class Terminal:
    """Lines of (letter, style); those that scrolled away are kept."""

    def __init__(self, columns):
        self.columns = columns
        self.lines, self.row, self.column, self.style = [[]], 0, 0, ""

    def feed(self, text):
        """Takes what it understands, and gives back the rest: an escape sequence that is not whole."""
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                match = ESCAPE.match(text, at)
                if not match:
                    if len(text) - at < 16:
                        return text[at:]
                    at += 1
                    continue
                self.escape(*match.groups())
                at = match.end()
                continue
            self.put(text[at])
            at += 1
        return ""

    def put(self, letter):
        if letter >= " " and self.column == self.columns:
            self.put("\n")
        if letter == "\r":
            self.column = 0
        elif letter == "\n":
            self.row, self.column = self.row + 1, 0
            if self.row == len(self.lines):
                self.lines.append([])
        elif letter >= " ":
            line = self.lines[self.row]
            line.extend([(" ", "")] * (self.column + 1 - len(line)))
            line[self.column] = (letter, self.style)
            self.column += 1

    def escape(self, numbers, what):
        first = int(numbers) if numbers.isdigit() else 1
        if what == "A":
            self.row = max(0, self.row - first)
        elif what == "K":
            self.lines[self.row] = []
        elif what == "J":
            del self.lines[self.row][self.column:]
            del self.lines[self.row + 1:]
        elif what == "m":
            self.style = " ".join(filter(None, map(style_of, numbers.split(";"))))


def style_of(number):
    number = int(number or 0)
    if number in COLOURS:
        return f'fill="{COLOURS[number]}"'
    return {1: 'font-weight="bold"', 2: 'opacity="0.6"'}.get(number, "")


def record(command, columns, rows):
    """Frames as (seconds to the next one, lines), and the exit code."""
    child, file = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", LANG="C.UTF-8")
        for name in ("CI", "NO_COLOR", "COLUMNS", "KSI_PROGRESS"):
            os.environ.pop(name, None)
        time.sleep(0.2)  # until the terminal has its size
        os.execvp(command[0], command)
    fcntl.ioctl(file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    terminal, decoder, rest = Terminal(columns), codecs.getincrementaldecoder("utf-8")("replace"), ""
    terminal.feed(f"$ {' '.join(command)}\n")
    frames, began = [], time.monotonic()
    while True:
        try:
            data = os.read(file, 65536)
        except OSError:
            data = b""
        if not data:
            break
        if sys.stdout.isatty():
            os.write(sys.stdout.fileno(), data)
        rest = terminal.feed(rest + decoder.decode(data))
        shown = [list(line) for line in terminal.lines if line or line is not terminal.lines[-1]]
        frames.append((time.monotonic() - began, shown[-rows:]))
    _, status = os.waitpid(child, 0)
    times = [when for when, _ in frames]
    pauses = [min(PAUSE, after - when) for when, after in zip(times, times[1:])] + [LAST]
    kept = []
    for pause, (_, lines) in zip(pauses, frames):
        if kept and (kept[-1][0] < 0.25 or kept[-1][1] == lines):
            pause += kept.pop()[0]
        kept.append((pause, lines))
    return kept, os.waitstatus_to_exitcode(status)


def svg_line(line, y):
    spans, at = [], 0
    while at < len(line):
        end = at
        while end < len(line) and line[end][1] == line[at][1]:
            end += 1
        text = "".join(letter for letter, _ in line[at:end])
        if text.strip():
            style = f" {line[at][1]}" if line[at][1] else ""
            place = f'x="{12 + at * 8.4:g}" textLength="{len(text) * 8.4:g}"'
            spans.append(f"<tspan {place}{style}>{html.escape(text)}</tspan>")
        at = end
    return f'<text y="{y}">{"".join(spans)}</text>' if spans else ""


def svg(title, frames, columns, rows):
    whole, at = sum(pause for pause, _ in frames), 0.0
    rows = max(len(lines) for _, lines in frames)
    width, height = round(columns * 8.4 + 24), rows * 18 + 24
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">',
        f"<title>{html.escape(title)}</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#22272e"/>',
        '<g font-family="ui-monospace,Menlo,Consolas,monospace" font-size="14" fill="#cdd9e5" xml:space="preserve">',
    ]
    for number, (pause, lines) in enumerate(frames):
        begin, end = at / whole, (at + pause) / whole
        at += pause
        last = number == len(frames) - 1
        # Without animation the last frame is what is seen.
        times, values = f"0;{begin:.5f};{min(end, 1):.5f}", "none;inline;none"
        if number == 0:
            times, values = f"0;{end:.5f}", "inline;none"
        elif last:
            times, values = f"0;{begin:.5f}", "none;inline"
        out.append(f'<g display="{"inline" if last else "none"}">')
        if len(frames) > 1:
            out.append(
                f'<animate attributeName="display" dur="{whole:.2f}s" repeatCount="indefinite" '
                f'calcMode="discrete" keyTimes="{times}" values="{values}"/>'
            )
        out.extend(filter(None, (svg_line(line, 26 + 18 * row) for row, line in enumerate(lines))))
        out.append("</g>")
    return "\n".join([*out, "</g>", "</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--columns", type=int, default=80)
    parser.add_argument("--rows", type=int, default=24)
    parser.add_argument("out")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    frames, code = record(args.command, args.columns, args.rows)
    with open(args.out, "w", encoding="utf-8") as file:
        file.write(svg(" ".join(args.command), frames, args.columns, args.rows))
    return code


if __name__ == "__main__":
    sys.exit(main())
