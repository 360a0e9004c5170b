import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('qc', '0015_names_of_columns'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='FirstTimeGrace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField(unique=True, verbose_name='since')),
                ('cases', models.PositiveSmallIntegerField(verbose_name='first cases')),
                ('author', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who changed it')),
            ],
            options={
                'verbose_name': 'grace of the first time',
                'verbose_name_plural': 'graces of the first time',
                'ordering': ['since'],
            },
        ),
    ]
