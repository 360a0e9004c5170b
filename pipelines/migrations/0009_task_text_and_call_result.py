from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pipelines", "0008_loss_field")]

    operations = [
        migrations.AddField(
            "task", "text", models.CharField(blank=True, db_default="", default="", max_length=300, verbose_name="text")
        ),
        migrations.AddField(
            "touch",
            "result",
            models.SmallIntegerField(
                choices=[
                    (1, "left a message"),
                    (2, "to call back later"),
                    (3, "not in place"),
                    (4, "talked"),
                    (5, "wrong number"),
                    (6, "no answer"),
                    (7, "line busy"),
                ],
                null=True,
            ),
        ),
    ]
