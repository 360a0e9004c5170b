from django.db import migrations, models


class Migration(migrations.Migration):
    """Calls on a client's card are looked for by it; few accounts have many."""

    dependencies = [
        ("pipelines", "0013_packed_lives"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="touch",
            index=models.Index(
                condition=models.Q(("contact__isnull", False), ("deal", None)),
                fields=["contact", "at"],
                name="touch_by_contact",
            ),
        ),
    ]
