"""Third of three: nothing reads the columns any more."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("team", "0003_from_the_beginning")]
    operations = [
        migrations.AlterModelManagers(name='employee', managers=[]),
        migrations.RemoveConstraint(
            model_name='rota',
            name='one_company_rota',
        ),
        migrations.RemoveField(
            model_name='employee',
            name='head',
        ),
        migrations.RemoveField(
            model_name='employee',
            name='rota',
        ),
        migrations.RemoveField(
            model_name='rota',
            name='is_company',
        ),
        migrations.RemoveField(
            model_name='rota',
            name='observes_holidays',
        ),
    ]
