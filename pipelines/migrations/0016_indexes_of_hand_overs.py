"""Changes of owners, and visits that changed hands: few rows of large tables, which analytics reads."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('pipelines', '0015_names_of_columns'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('entity', 'deal'), ('kind', 'owner')), fields=['entity_id', 'at', 'id'], include=('before', 'after'), name='event_of_owners'),
        ),
        migrations.AddIndex(
            model_name='stay',
            index=models.Index(condition=models.Q(('entered_at__gt', models.F('visit_since'))), fields=['deal'], include=('entered_at',), name='stay_handed_on'),
        ),
    ]
