"""What may become of a message that is handed to a channel: sent, or one of these. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sent:
    """It has arrived; ``remote_id`` is the other side's number of it. ``note`` says what had to be left out."""

    remote_id: str
    note: str = ""


class NotSent(Exception):
    """The text is one line for the log and the admin's page; it never holds a secret."""


class NotNow(NotSent):
    """Surely not taken: to be tried again after so many seconds. ``whole``: the channel rests, not this address."""

    def __init__(self, why: str, after: float, *, whole: bool = False) -> None:
        super().__init__(why)
        self.after, self.whole = after, whole


class Refused(NotSent):
    """This message will never be taken."""


class AddressStopped(NotSent):
    """Nothing will ever arrive at this address."""


class ChannelStopped(NotSent):
    """The channel as a whole is out of order: a token that is not valid any more."""


class Unknown(NotSent):
    """It may have arrived or not, and nobody can be asked."""


class Moved(NotSent):
    """The chat has another number now, under which it is to be tried again at once."""

    def __init__(self, why: str, chat: int) -> None:
        super().__init__(why)
        self.chat = chat
