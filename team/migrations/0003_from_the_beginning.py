"""Second of three: what the columns say has held from the beginning."""

from django.db import migrations
from django.db.models import F

RUSSIA = "Россия"


def dates(apps, schema_editor):
    rota, employee = apps.get_model("team", "Rota"), apps.get_model("team", "Employee")
    calendar, rotas = apps.get_model("team", "HolidayCalendar"), apps.get_model("team", "RotaAssignment")
    if rota.objects.filter(observes_holidays=True).exists():
        russia = calendar.objects.create(name=RUSSIA, country="RU")
        rota.objects.filter(observes_holidays=True).update(calendar=russia)
    rotas.objects.bulk_create(rotas(rota=one) for one in rota.objects.filter(is_company=True))
    rotas.objects.bulk_create(
        rotas(employee=one, rota_id=one.rota_id) for one in employee.objects.exclude(rota=None)
    )
    heads = apps.get_model("team", "HeadAssignment")
    heads.objects.bulk_create(
        heads(employee=one, head_id=one.head_id)
        for one in employee.objects.exclude(head=None).exclude(head=F("pk"))
    )


def undate(apps, schema_editor):
    """What changed on a day is lost: the columns take what holds from the beginning."""
    rota, employee = apps.get_model("team", "Rota"), apps.get_model("team", "Employee")
    rota.objects.exclude(calendar=None).update(observes_holidays=True)
    for one in apps.get_model("team", "RotaAssignment").objects.filter(since=None):
        if one.employee_id is None:
            rota.objects.filter(pk=one.rota_id).update(is_company=True)
        else:
            employee.objects.filter(pk=one.employee_id).update(rota=one.rota_id)
    for one in apps.get_model("team", "HeadAssignment").objects.filter(since=None):
        employee.objects.filter(pk=one.employee_id).update(head=one.head_id)


class Migration(migrations.Migration):
    dependencies = [("team", "0002_dated")]
    operations = [migrations.RunPython(dates, undate)]
