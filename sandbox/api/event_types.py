"""The dictionary of event types. Only the numbers named in `KNOWN` are public; the others keep clear of them."""

KNOWN = {
    "lead_added": 1,
    "lead_deleted": 7,
    "lead_status_changed": 14,
    "custom_field_value_changed": 24,
    "entity_responsible_changed": 25,
    "common_note_added": 27,
    "attachment_note_added": 28,
    "entity_tag_added": 63,
    "sale_field_changed": 69,
    "name_field_changed": 70,
    "entity_linked": 72,
    "incoming_chat_message": 89,
    "outgoing_chat_message": 90,
}
_NAMES = """
lead_added lead_deleted lead_restored lead_status_changed lead_linked lead_unlinked contact_added
contact_deleted contact_restored contact_linked contact_unlinked company_added company_deleted
company_restored company_linked company_unlinked customer_added customer_deleted customer_status_changed
customer_linked customer_unlinked task_added task_deleted task_completed task_type_changed task_text_changed
task_deadline_changed task_result_added incoming_call outgoing_call incoming_chat_message
outgoing_chat_message entity_direct_message incoming_sms outgoing_sms entity_tag_added entity_tag_deleted
entity_linked entity_unlinked sale_field_changed name_field_changed ltv_field_changed
custom_field_value_changed entity_responsible_changed robot_replied intent_identified nps_rate_added
link_followed transaction_added common_note_added common_note_deleted attachment_note_added
targeting_in_note_added targeting_out_note_added geo_note_added service_note_added site_visit_note_added
message_to_cashier_note_added key_action_completed entity_merged incoming_mail outgoing_mail talk_created
talk_closed conversation_answered
"""
NAMES = _NAMES.split()
TYPES = {name: KNOWN.get(name, 100 + number) for number, name in enumerate(NAMES)}
RUSSIAN = {
    "lead_added": "Новая сделка",
    "lead_deleted": "Сделка удалена",
    "lead_restored": "Сделка восстановлена",
    "lead_status_changed": "Изменение этапа продажи",
    "contact_added": "Новый контакт",
    "company_added": "Новая компания",
    "task_added": "Новая задача",
    "task_deleted": "Задача удалена",
    "task_completed": "Завершение задачи",
    "task_type_changed": "Изменение типа задачи",
    "task_text_changed": "Изменение текста задачи",
    "task_deadline_changed": "Изменение даты исполнения задачи",
    "task_result_added": "Результат по задаче",
    "incoming_call": "Входящий звонок",
    "outgoing_call": "Исходящий звонок",
    "entity_tag_added": "Теги добавлены",
    "entity_tag_deleted": "Теги убраны",
    "entity_linked": "Прикрепление",
    "entity_unlinked": "Открепление",
    "sale_field_changed": "Изменение поля «Бюджет»",
    "name_field_changed": "Изменение поля «Название»",
    "custom_field_value_changed": "Изменение поля",
    "entity_responsible_changed": "Ответственный изменён",
    "common_note_added": "Новое примечание",
    "entity_merged": "Выполнено объединение",
    "incoming_chat_message": "Входящее сообщение",
    "outgoing_chat_message": "Исходящее сообщение",
    "talk_created": "Беседа создана",
    "talk_closed": "Беседа закрыта",
}


def type_names(language: str) -> dict[str, str]:
    """Names of the types in a language; what has none is called by its key in words."""
    words = {name: name.replace("_", " ").capitalize() for name in TYPES}
    return {**words, **RUSSIAN} if language == "ru" else words
