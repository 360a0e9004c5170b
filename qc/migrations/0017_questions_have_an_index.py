from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('pipelines', '0016_indexes_of_hand_overs'),
        ('qc', '0016_first_time_grace'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='finding',
            index=models.Index(condition=models.Q(('severity', 'question'), ('withdrawn_at', None)), fields=['opens_at'], include=('mode', 'manager', 'stage'), name='finding_of_questions'),
        ),
    ]
