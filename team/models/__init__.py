"""Who works here, when, and what each of them may see."""

from team.models.dated import AmoUser, CompanyHours, HeadAssignment, RotaAssignment
from team.models.employees import DayOff, Employee, Role
from team.models.rotas import CalendarDay, HolidayCalendar, Rota
from team.models.saved_views import SavedView

__all__ = [
    "AmoUser",
    "CalendarDay",
    "CompanyHours",
    "DayOff",
    "Employee",
    "HeadAssignment",
    "HolidayCalendar",
    "Role",
    "Rota",
    "RotaAssignment",
    "SavedView",
]
