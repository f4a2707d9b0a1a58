# SPDX-License-Identifier: MIT
"""Erlang's external term format, as far as the port speaks it.

An Atom is an atom, bytes are a binary, tuples, lists and int are what they look like; None never
occurs. encode() writes what term_to_binary of OTP 25 writes (style 25) or of OTP 26 (style 26);
Raw holds the bytes of a term that no Erlang would write. decode() takes only what is valid.
"""
import struct

VERSION = 131


class Atom(str):
    def __repr__(self):
        return str(self)


class Raw(bytes):
    """A term's own bytes, passed on as they are."""


class Malformed(Exception):
    pass


def _integer(value):
    if 0 <= value <= 255:
        return struct.pack('>BB', 97, value)
    if -(1 << 31) <= value < 1 << 31:
        return struct.pack('>Bi', 98, value)
    size = (abs(value).bit_length() + 7) // 8
    head = struct.pack('>BB', 110, size) if size < 256 else struct.pack('>BI', 111, size)
    return head + bytes([value < 0]) + abs(value).to_bytes(size, 'little')


def _list(value, style):
    if not value:
        return b'\x6a'
    if len(value) < 65536 and all(type(item) is int and 0 <= item < 256 for item in value):
        return struct.pack('>BH', 107, len(value)) + bytes(value)
    return struct.pack('>BI', 108, len(value)) + b''.join(term(i, style) for i in value) + b'\x6a'


def _tuple(value, style):
    small = len(value) < 256
    head = struct.pack('>BB', 104, len(value)) if small else struct.pack('>BI', 105, len(value))
    return head + b''.join(term(item, style) for item in value)


def term(value, style=25):
    """A term without the version byte."""
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, Atom):
        name = value.encode()
        return struct.pack('>BH', 100, len(name)) + name if style == 25 else \
            struct.pack('>BB', 119, len(name)) + name
    if isinstance(value, bool):
        return term(Atom(str(value).lower()), style)
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, bytes):
        return struct.pack('>BI', 109, len(value)) + value
    if isinstance(value, tuple):
        return _tuple(value, style)
    if isinstance(value, list):
        return _list(value, style)
    raise TypeError(f'no term: {value!r}')


def encode(value, style=25):
    return bytes([VERSION]) + term(value, style)


class _Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, size):
        if self.at + size > len(self.data):
            raise Malformed(f'{size} bytes wanted at {self.at} of {len(self.data)}')
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, code):
        return struct.unpack('>' + code, self.take(struct.calcsize('>' + code)))[0]

    def terms(self, count):
        return [self.term() for _ in range(count)]

    def atom(self, code):
        return Atom(self.take(self.number(code)).decode())

    def big(self, code):
        size, sign = self.number(code), self.number('B')
        value = int.from_bytes(self.take(size), 'little')
        return -value if sign else value

    def list(self):
        """Also what alcove sends: a chain of lists of one element, each the tail of the last."""
        items = []
        while True:
            items += self.terms(self.number('I'))
            tag = self.number('B')
            if tag == 106:
                return items
            if tag != 108:
                raise Malformed(f'a list ends in tag {tag}')

    def term(self):
        tag = self.number('B')
        simple = {97: 'B', 98: 'i'}
        if tag in simple:
            return self.number(simple[tag])
        readers = {
            110: lambda: self.big('B'), 111: lambda: self.big('I'),
            100: lambda: self.atom('H'), 118: lambda: self.atom('H'),
            115: lambda: self.atom('B'), 119: lambda: self.atom('B'),
            104: lambda: tuple(self.terms(self.number('B'))),
            105: lambda: tuple(self.terms(self.number('I'))),
            106: lambda: [], 107: lambda: list(self.take(self.number('H'))),
            108: self.list, 109: lambda: bytes(self.take(self.number('I'))),
        }
        if tag not in readers:
            raise Malformed(f'tag {tag} at {self.at - 1}')
        return readers[tag]()


def decode(data):
    """The one term that `data` is, whole."""
    reader = _Reader(data)
    if reader.number('B') != VERSION:
        raise Malformed('no version byte')
    value = reader.term()
    if reader.at != len(data):
        raise Malformed(f'{len(data) - reader.at} bytes after the term')
    return value
