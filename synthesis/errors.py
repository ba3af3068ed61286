"""What the library raises when its input cannot be used."""


class UnusableInput(ValueError):  # noqa: N818 - says what it is, as its subclasses do
    """The input cannot be used; the message is one sentence that says what, where and what to do.

    Everything that a user can get wrong raises a subclass of this, so that callers (the command line,
    the web application's tasks) catch one type and show its message as it is.
    """
