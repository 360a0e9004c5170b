import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notices', '0006_names_of_columns'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(
            'alter table notices_hidden drop constraint notices_hidden_pkey',
            'alter table notices_hidden rename constraint notices_hidden_key_3fff24c3_pk to notices_hidden_pkey',
        ),
        migrations.AlterField(
            model_name='hidden',
            name='key',
            field=models.CharField(max_length=120),
        ),
        migrations.AddField(
            model_name='hidden',
            name='id',
            field=models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID'),
        ),
        migrations.AddField(
            model_name='hidden',
            name='head',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='hidden',
            constraint=models.UniqueConstraint(fields=('key', 'head'), name='hidden_once', nulls_distinct=False),
        ),
        migrations.RunSQL(  # last: a table with pending checks of its keys cannot be altered
            "update notices_hidden h set head_id = e.id from team_employee e where e.id = h.hidden_by_id and e.role = 'head'",
            "delete from notices_hidden where head_id is not null",
        ),
    ]
