from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pipelines", "0005_pipeline_kinds")]

    operations = [
        migrations.AddField("account", "loss_field", models.BigIntegerField(blank=True, editable=False, null=True)),
    ]
