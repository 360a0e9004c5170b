"""Incoming leads: what stands in «Неразобранное» is told by `/leads/unsorted`, not by the list of leads."""

import hashlib
from collections.abc import Iterable

from .company import ACCOUNT_ID, STAGES
from .ledger import Deal


def unsorted(deals: Iterable[Deal], people: Iterable[dict]) -> list[dict]:
    """The read shape of the incoming leads; their contacts are hidden until somebody accepts them."""
    contacts = {row["id"]: row for row in people}
    rows = []
    for deal in deals:
        if deal.stage.key.endswith(".unsorted"):
            contact = deal.row["_embedded"]["contacts"][0]["id"]
            contacts[contact]["is_unsorted"] = True
            rows.append(_row(deal, contact, contacts[contact]["name"]))
    return rows


def _row(deal: Deal, contact: int, client: str) -> dict:
    chat = deal.stage is STAGES["avito.unsorted"]
    uid = hashlib.sha256(str(deal.row["id"]).encode()).hexdigest()
    return {
        "uid": uid, "source_uid": None, "source_name": "Авито" if chat else "Заявка с сайта",
        "category": "chats" if chat else "forms", "pipeline_id": deal.stage.pipeline,
        "created_at": deal.row["created_at"],
        "metadata": _chat(deal, client, uid) if chat else _form(deal),
        "account_id": ACCOUNT_ID,
        "_embedded": {"contacts": [{"id": contact}], "leads": [{"id": deal.row["id"]}], "companies": []},
    }  # fmt: skip


def _form(deal: Deal) -> dict:
    return {
        "form_id": "parts", "form_name": "Подбор детали", "form_page": "https://zolotarev.example/parts",
        "ip": "192.0.2.10", "form_sent_at": deal.row["created_at"], "referer": "https://zolotarev.example/",
        "visitor_uid": None,
    }  # fmt: skip


def _chat(deal: Deal, client: str, uid: str) -> dict:
    return {
        "from": client, "to": "ZolotarevAuto", "received_at": deal.row["created_at"], "service": "avito",
        "client": {"name": client, "avatar": None},
        "origin": {"chat_id": uid[:32], "ref": None, "visitor_uid": None}, "last_message_text": None,
        "source_name": "Авито",
    }  # fmt: skip
