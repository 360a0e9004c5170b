"""A write that amoCRM would not take."""


class Refused(ValueError):
    """One fault of one value: `code` as in `validation-errors`, `path` dotted and relative to the item."""

    def __init__(self, code: str, path: str, detail: str) -> None:
        super().__init__(f"{path}: {detail}" if path else detail)
        self.code = code
        self.path = path
        self.detail = detail


def not_supported(path: str) -> Refused:
    return Refused("NotSupportedChoice", path, "The value you selected is not a valid choice.")


def missing(path: str) -> Refused:
    return Refused("FieldMissing", path, "This field is missing.")


def invalid_type(path: str, kind: str) -> Refused:
    return Refused("InvalidType", path, f"This value should be of type {kind}.")


class NotFound(LookupError):
    """No such row; the message is a sentence."""
