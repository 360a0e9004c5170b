from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("qc", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="regulation",
            name="norms",
            field=models.JSONField(blank=True, default=dict, verbose_name="norms"),
        ),
        migrations.AlterField(
            model_name="finding",
            name="severity",
            field=models.CharField(
                choices=[("remark", "remark"), ("violation", "violation"), ("question", "question")],
                max_length=9,
            ),
        ),
    ]
