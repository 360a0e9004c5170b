import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('pipelines', '0001_initial'),
    ]

    operations = [
        migrations.RenameModel('Touched', 'JudgementRequest'),
        migrations.RemoveField('JudgementRequest', 'sent_at'),
        migrations.AlterField('JudgementRequest', 'deal_id', models.BigIntegerField(null=True)),
        migrations.AddField(
            'JudgementRequest',
            'deals',
            django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), null=True, size=None),
        ),
        migrations.AddField('JudgementRequest', 'stage_id', models.CharField(max_length=40, null=True)),
        migrations.AddField('JudgementRequest', 'since', models.DateTimeField(null=True)),
        migrations.AddField(
            'JudgementRequest',
            'rules',
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40), null=True, size=None
            ),
        ),
        migrations.AddField('JudgementRequest', 'history', models.BooleanField(db_default=False, default=False)),
        migrations.AddField('JudgementRequest', 'retry_at', models.DateTimeField(null=True)),
        migrations.AddIndex(
            'JudgementRequest',
            models.Index(
                condition=models.Q(('deal_id__isnull', False)), fields=['deal_id'], name='request_by_deal'
            ),
        ),
        # what was noted before is of deals whose story has changed
        migrations.RunSQL('UPDATE pipelines_judgementrequest SET history = true', migrations.RunSQL.noop),
    ]
