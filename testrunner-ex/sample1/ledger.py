"""A very small subject to test: an account book.

The documentation example below is collected by `sample1.sampletests.test_one`.

>>> book = Ledger()
>>> book.enter('rent', -400)
>>> book.enter('salary', 1000)
>>> book.balance
600
"""


class Ledger:
    """Named amounts and their sum.

    >>> Ledger().balance
    0
    """

    def __init__(self):
        self.entries = []

    @property
    def balance(self):
        return sum(amount for _, amount in self.entries)

    def enter(self, name, amount):
        """Write one entry.

        >>> book = Ledger()
        >>> book.enter('typo', 'ten')
        Traceback (most recent call last):
            ...
        TypeError: amount of 'typo' is not a number: 'ten'
        """
        if not isinstance(amount, int):
            raise TypeError(f'amount of {name!r} is not a number: {amount!r}')
        self.entries.append((name, amount))
