"""What a run is about, as every row gets it."""

from dataclasses import dataclass

from bench.data import ZOLOTAREV, Company


@dataclass(frozen=True)
class Setting:
    """``deals`` of the big company; ``quick``: few rounds on small data; ``switches``: the sandbox's at first load."""

    deals: int
    quick: bool
    switches: tuple[str, ...] = ()

    @property
    def big(self) -> Company:
        return Company(self.deals)

    @property
    def small(self) -> Company:
        return self.big if self.quick else ZOLOTAREV

    @property
    def wide(self) -> Company:
        """Many managers with some dozens of deals each."""
        return Company(6_000, people=100) if self.quick else Company(60_000, people=1_000)

    def rounds(self, full: int) -> int:
        return 3 if self.quick else full
