"""Views that people save, and the one with which the desk opens."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('team', '0005_names_of_columns'),
    ]

    operations = [
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=60, verbose_name='name')),
                ('address', models.CharField(max_length=2000, verbose_name='address')),
                ('role', models.CharField(blank=True, choices=[('manager', 'Manager'), ('head', 'Head of sales'), ('controller', 'QC controller'), ('finance', 'Finance'), ('director', 'Director'), ('admin', 'Administrator')], default='', max_length=12, verbose_name='for whom')),
                ('created_at', models.DateTimeField(verbose_name='made')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='saved_views', to=settings.AUTH_USER_MODEL, verbose_name='whose')),
            ],
            options={
                'verbose_name': 'saved view',
                'verbose_name_plural': 'saved views',
                'ordering': ['title', 'id'],
            },
        ),
        migrations.AddField(
            model_name='employee',
            name='desk_view',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='team.savedview', verbose_name='view of the desk'),
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=models.UniqueConstraint(fields=('owner', 'title'), name='saved_view_by_name'),
        ),
    ]
