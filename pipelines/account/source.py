"""An account as something to read from."""

from dataclasses import dataclass
from datetime import timedelta, tzinfo

from pipelines.amo.client import Client

OVERLAP = timedelta(minutes=10)  # read again each time: what amoCRM shows late, and the boundary second


@dataclass(frozen=True)
class Source:
    """Its client and the time zone of its dates. Leaving it as a context closes the client."""

    client: Client
    zone: tzinfo

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *exception: object) -> None:
        self.client.close()
