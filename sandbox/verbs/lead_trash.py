"""Verbs on leads that only amoCRM's own pages offer: the trash and merging."""

from sandbox.hooks.bodies import deleted_lead_body, lead_body
from sandbox.refused import NotFound, not_supported
from sandbox.rows import ContactRef, Lead
from sandbox.state import Moment
from sandbox.verbs.leads import LeadVerbs


class LeadTrashVerbs(LeadVerbs):
    def delete_lead(self, *, lead_id: int, by: int | None = None, at: Moment = None) -> Lead:
        """To the trash; its tasks leave the lists with it, without events of their own."""
        with self.lock:
            moment, actor = self.moment(at), self.actor(by)
            lead = self.living_lead(lead_id)
            lead.is_deleted, lead.updated_at, lead.updated_by = True, moment, actor
            self.leads.put(lead)
            for task_id in self.tasks.group("card", ("leads", lead_id)):
                self.trashed_tasks.add(task_id)
                self.tasks.put(self.tasks.rows[task_id])
            self.record("lead_deleted", "lead", lead_id, by=actor, at=moment)
            self.ring("delete_lead", "leads", "delete", deleted_lead_body(lead))
            return lead

    def restore_lead(self, *, lead_id: int, by: int | None = None, at: Moment = None) -> Lead:
        """Out of the trash; `updated_at` stays what the deletion made it."""
        with self.lock:
            lead = self.leads.get(lead_id)
            if lead is None or not self.in_trash(lead):
                raise NotFound(f"there is no lead {lead_id} in the trash")
            lead.is_deleted = False
            self.leads.put(lead)
            for task_id in self.tasks.group("card", ("leads", lead_id)):
                self.trashed_tasks.discard(task_id)
                self.tasks.put(self.tasks.rows[task_id])
            self.refresh_closest_task("leads", lead_id)
            self.record("lead_restored", "lead", lead_id, by=self.actor(by), at=self.moment(at))
            self.ring("restore_lead", "leads", "restore", lead_body(lead))
            return lead

    def merge_leads(
        self, *, survivor_id: int, loser_ids: list[int], by: int | None = None, at: Moment = None
    ) -> Lead:
        """Tasks, notes, events, contacts and tags go to the survivor; the losers to the trash."""
        with self.lock:
            moment, actor = self.moment(at), self.actor(by)
            survivor = self.living_lead(survivor_id)
            losers = [self.living_lead(lead_id) for lead_id in dict.fromkeys(loser_ids)]
            if survivor in losers or not losers:
                raise not_supported("loser_ids")
            for loser in losers:
                self._take_over(survivor, loser)
            survivor.updated_at, survivor.updated_by = moment, actor
            self.leads.put(survivor)
            self.refresh_closest_task("leads", survivor_id)
            self.record("entity_merged", "lead", survivor_id, by=actor, at=moment)
            for loser in losers:
                self.delete_lead(lead_id=loser.id, by=actor, at=moment)
            self.ring("update_lead", "leads", "update", lead_body(survivor))
            return survivor

    def _take_over(self, survivor: Lead, loser: Lead) -> None:
        for task_id in self.tasks.group("card", ("leads", loser.id)):
            task = self.tasks.rows[task_id]
            task.entity_id = survivor.id
            self.tasks.put(task)
        notes = self.notes["leads"]
        for note_id in notes.group("card", loser.id):
            note = notes.rows[note_id]
            note.entity_id = survivor.id
            notes.put(note)
        for talk in self.talks.values():
            if (talk.entity_type, talk.entity_id) == ("lead", loser.id):
                talk.entity_id = survivor.id
        self.events.move(("lead", loser.id), ("lead", survivor.id))
        held = {ref.id for ref in survivor.embedded.contacts}
        survivor.embedded.contacts += [
            ContactRef(ref.id, ref.is_main and not held)
            for ref in loser.embedded.contacts
            if ref.id not in held
        ]
        survivor.embedded.companies = survivor.embedded.companies or list(loser.embedded.companies)
        tags = {tag.id: tag for tag in survivor.embedded.tags + loser.embedded.tags}
        survivor.embedded.tags = list(tags.values())
