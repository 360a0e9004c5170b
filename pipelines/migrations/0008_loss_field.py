from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pipelines", "0007_marks_and_authors")]

    operations = [
        migrations.AddField("account", "loss_field", models.BigIntegerField(blank=True, editable=False, null=True)),
    ]
