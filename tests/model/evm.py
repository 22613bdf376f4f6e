"""What a contract runs on: 256-bit arithmetic, storage that a revert takes back."""

MAX = 2**256 - 1
ABSENT = object()


class Revert(Exception):
    """The transaction fails; whatever it stored and logged is gone."""


def require(condition, reason):
    if not condition:
        raise Revert(reason)


# SafeMath: what does not fit reverts.
def add(a, b):
    require(a + b <= MAX, "addition overflow")
    return a + b


def sub(a, b):
    require(a >= b, "subtraction overflow")
    return a - b


def mul(a, b):
    require(a * b <= MAX, "multiplication overflow")
    return a * b


def div(a, b):
    require(b != 0, "division by zero")
    return a // b


def wrap(a):
    """Plain operators of Solidity 0.5: modulo 2^256, also for negative numbers."""
    return a & MAX


class Journal(list):
    """Old values, newest last."""

    def save(self, storage, name):
        self.append((storage, name, dict.get(storage, name, ABSENT)))

    def rollback(self, mark):
        """To when the journal had `mark` entries."""
        while len(self) > mark:
            storage, name, old = self.pop()
            if old is ABSENT:
                dict.pop(storage, name)
            else:
                dict.__setitem__(storage, name, old)


class Struct:
    """Storage with named fields."""

    def __init__(self, journal, **fields):
        self.__dict__.update(fields, _journal=journal)

    def __setattr__(self, name, value):
        self._journal.save(self.__dict__, name)
        self.__dict__[name] = value


class Mapping(dict):
    """A mapping: what was never stored reads as the default."""

    def __init__(self, journal, default=0, items=()):
        super().__init__(items)
        self.journal, self.default = journal, default

    def __missing__(self, key):
        return self.default

    def __setitem__(self, key, value):
        self.journal.save(self, key)
        super().__setitem__(key, value)

    def delete(self, key):
        if key in self:
            self.journal.save(self, key)
            super().pop(key)
