"""Verbs on incoming leads («Неразобранное»)."""

from collections.abc import Sequence
from typing import Any

from sandbox.account_rows import INCOMING
from sandbox.hooks.bodies import sorted_out_body, unsorted_body
from sandbox.refused import NotFound, not_supported
from sandbox.rows import Company, Contact, Ref, Unsorted, UnsortedParts
from sandbox.state import Moment
from sandbox.verbs.stages import StageVerbs


class IncomingVerbs(StageVerbs):
    def create_unsorted(
        self,
        *,
        category: str = "forms",
        name: str = "",
        pipeline_id: int | None = None,
        price: int = 0,
        source_name: str = "",
        source_uid: str | None = None,
        metadata: dict[str, Any] | None = None,
        contact: dict[str, Any] | None = None,
        contact_id: int | None = None,
        company: dict[str, Any] | None = None,
        company_id: int | None = None,
        custom_fields_values: list[dict[str, Any]] | None = None,
        tags: Sequence[Any] = (),
        responsible_user_id: int | None = None,
        created_at: int | None = None,
        by: int | None = 0,
        at: Moment = None,
    ) -> Unsorted:
        """An incoming lead: it stands in «Неразобранное» until somebody accepts or declines it.

        `contact` and `company` are made with it and hidden until then; those named by id stay in the lists.
        `created_at` is when it says that it came. Raises `Refused` and then makes nothing.
        """
        with self.lock:
            moment = self.moment(at)
            pipeline = self.main_pipeline() if pipeline_id is None else self.pipelines.get(pipeline_id)
            incoming = (
                next((one for one in pipeline.statuses if one.type == INCOMING), None) if pipeline else None
            )
            if pipeline is None or incoming is None:
                raise not_supported("pipeline_id")
            keys: dict[str, Any] = {
                "name": name,
                "pipeline_id": pipeline.id,
                "status_id": incoming.id,
                "price": price,
                "custom_fields_values": custom_fields_values,
                "tags": tags,
                "responsible_user_id": responsible_user_id,
            }
            self.check_lead({key: value for key, value in keys.items() if value is not None})
            for kind, card_keys in (("contacts", contact), ("companies", company)):
                if card_keys:
                    self.check_card(kind, {key: one for key, one in card_keys.items() if one is not None})
            new: list[Contact | Company] = []
            new += [self.create_contact(by=by, at=at, **contact)] if contact else []
            new += [self.create_company(by=by, at=at, **company)] if company else []
            known: list[Contact | Company] = []
            known += [self.contacts.rows[contact_id]] if contact_id else []
            known += [self.companies.rows[company_id]] if company_id else []
            lead = self.create_lead(**keys, by=by, at=at)
            for card in new:
                self._hide(card, True)
            for card in (*new, *known):
                self._tie(lead, card, True)
            row = Unsorted(
                uid=f"{self.rng.getrandbits(256):064x}",
                source_uid=source_uid,
                source_name=source_name,
                category=category,
                pipeline_id=pipeline.id,
                created_at=moment if created_at is None else created_at,
                metadata=metadata or {},
                account_id=self.account.id,
                embedded=UnsortedParts(
                    contacts=[Ref(card.id) for card in (*new, *known) if isinstance(card, Contact)],
                    leads=[Ref(lead.id)],
                    companies=[Ref(card.id) for card in (*new, *known) if isinstance(card, Company)],
                ),
            )
            self.unsorted[row.uid] = row
            self.ring("add_unsorted", "unsorted", "add", unsorted_body(row, lead))
            return row

    def accept_unsorted(
        self,
        *,
        uid: str,
        user_id: int | None = None,
        status_id: int | None = None,
        by: int | None = None,
        at: Moment = None,
    ) -> Unsorted:
        with self.lock:
            row = self._incoming(uid)
            target = status_id or self.first_status(self.pipeline(row.pipeline_id)).id
            if self.stage(row.pipeline_id, target) is None:
                raise not_supported("status_id")
            changes = {"responsible_user_id": user_id} if user_id else {}
            for ref in row.embedded.leads:
                self.move_lead(
                    lead_id=ref.id, status_id=target, pipeline_id=row.pipeline_id, by=by, at=at, **changes
                )
            self.show_cards(row)
            return self._sort_out(row, "accept", self.moment(at))

    def decline_unsorted(self, *, uid: str, by: int | None = None, at: Moment = None) -> Unsorted:
        """The lead goes to the trash."""
        with self.lock:
            row = self._incoming(uid)
            for ref in row.embedded.leads:
                self.delete_lead(lead_id=ref.id, by=by, at=at)
            return self._sort_out(row, "decline", self.moment(at))

    def show_cards(self, row: Unsorted) -> None:
        """The contact and the company of an incoming lead appear in the lists."""
        for ref in row.embedded.contacts:
            self._hide(self.contacts.rows[ref.id], False)
        for ref in row.embedded.companies:
            self._hide(self.companies.rows[ref.id], False)

    def _hide(self, card: Contact | Company, hidden: bool) -> None:
        if isinstance(card, Contact):
            card.is_unsorted = hidden
        elif hidden:
            self.hidden_companies.add(card.id)
        else:
            self.hidden_companies.discard(card.id)
        self.put_card(card)

    def _incoming(self, uid: str) -> Unsorted:
        if uid not in self.unsorted:
            raise NotFound(f"there is no incoming lead {uid}")
        return self.unsorted[uid]

    def _sort_out(self, row: Unsorted, action: str, at: int) -> Unsorted:
        del self.unsorted[row.uid]
        self.sorted_out[row.uid] = (row, action, at)
        self.ring("delete_unsorted", "unsorted", "delete", sorted_out_body(row, action, at))
        return row
