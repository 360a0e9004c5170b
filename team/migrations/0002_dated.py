"""First of three: the tables of what holds from a date, beside the columns that they take the place of."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('pipelines', '0001_initial'),
        ('team', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='AmoUser',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateField(blank=True, help_text='empty: from the beginning', null=True, verbose_name='from')),
            ],
            options={
                'verbose_name': 'another amoCRM user from a day',
                'verbose_name_plural': 'other amoCRM users from a day',
            },
        ),
        migrations.CreateModel(
            name='CalendarDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day')),
                ('kind', models.CharField(choices=[('rest', 'a holiday'), ('work', 'no holiday: worked'), ('short', 'shortened')], max_length=5, verbose_name='kind')),
                ('minutes', models.PositiveSmallIntegerField(default=0, help_text='for a shortened day; 0 takes the shortening of an eve away', validators=[django.core.validators.MaxValueValidator(1440)], verbose_name='shorter by, minutes')),
            ],
            options={
                'verbose_name': 'day of a calendar',
                'verbose_name_plural': 'days of a calendar',
                'ordering': ['day'],
            },
        ),
        migrations.CreateModel(
            name='HeadAssignment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateField(blank=True, help_text='empty: from the beginning', null=True, verbose_name='from')),
            ],
            options={
                'verbose_name': 'head from a day',
                'verbose_name_plural': 'heads from a day',
            },
        ),
        migrations.CreateModel(
            name='HolidayCalendar',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True, verbose_name='name')),
                ('country', models.CharField(blank=True, help_text='empty: no holidays but those listed below', max_length=2, verbose_name='country')),
                ('eve_minutes', models.PositiveSmallIntegerField(default=0, help_text='Labour Code, art. 95: 60; days off that were moved have no eve', validators=[django.core.validators.MaxValueValidator(1440)], verbose_name='a day before a holiday is shorter by, minutes')),
            ],
            options={
                'verbose_name': 'holiday calendar',
                'verbose_name_plural': 'holiday calendars',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='RotaAssignment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateField(blank=True, help_text='empty: from the beginning', null=True, verbose_name='from')),
            ],
            options={
                'verbose_name': 'rota from a day',
                'verbose_name_plural': 'rotas from a day',
            },
        ),
        migrations.AddField(
            model_name='rota',
            name='breaks',
            field=models.JSONField(blank=True, default=list, verbose_name='breaks'),
        ),
        migrations.AddField(
            model_name='rota',
            name='special',
            field=models.JSONField(blank=True, default=dict, verbose_name='days with other hours'),
        ),
        migrations.AddField(
            model_name='amouser',
            name='employee',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='amo_users', to=settings.AUTH_USER_MODEL, verbose_name='employee'),
        ),
        migrations.AddField(
            model_name='amouser',
            name='person',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='holders', to='pipelines.person', verbose_name='amoCRM user'),
        ),
        migrations.AddField(
            model_name='headassignment',
            name='employee',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='head_assignments', to=settings.AUTH_USER_MODEL, verbose_name='employee'),
        ),
        migrations.AddField(
            model_name='headassignment',
            name='head',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='report_assignments', to=settings.AUTH_USER_MODEL, verbose_name='head'),
        ),
        migrations.AddField(
            model_name='calendarday',
            name='calendar',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='days', to='team.holidaycalendar'),
        ),
        migrations.AddField(
            model_name='rota',
            name='calendar',
            field=models.ForeignKey(blank=True, help_text='empty: works on holidays, as shifts often do', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='rotas', to='team.holidaycalendar', verbose_name='rests on the holidays of'),
        ),
        migrations.AddField(
            model_name='rotaassignment',
            name='employee',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='rota_assignments', to=settings.AUTH_USER_MODEL, verbose_name='employee'),
        ),
        migrations.AddField(
            model_name='rotaassignment',
            name='rota',
            field=models.ForeignKey(blank=True, help_text='empty: company hours', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='team.rota', verbose_name='rota'),
        ),
        migrations.CreateModel(
            name='CompanyHours',
            fields=[
            ],
            options={
                'verbose_name': 'company hours',
                'verbose_name_plural': 'company hours',
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('team.rotaassignment',),
        ),
        migrations.AddConstraint(
            model_name='amouser',
            constraint=models.UniqueConstraint(fields=('person', 'since'), name='one_holder_from_a_day', nulls_distinct=False, violation_error_message='Something else holds from this day already.'),
        ),
        migrations.AddConstraint(
            model_name='headassignment',
            constraint=models.UniqueConstraint(fields=('employee', 'since'), name='one_head_from_a_day', nulls_distinct=False, violation_error_message='Something else holds from this day already.'),
        ),
        migrations.AddConstraint(
            model_name='headassignment',
            constraint=models.CheckConstraint(condition=models.Q(('head', None), models.Q(('head', models.F('employee')), _negated=True), _connector='OR'), name='nobody_heads_himself', violation_error_message='Nobody is the head of himself.'),
        ),
        migrations.AddConstraint(
            model_name='calendarday',
            constraint=models.UniqueConstraint(fields=('calendar', 'day'), name='one_word_on_a_day', violation_error_message='This day stands here already.'),
        ),
        migrations.AddConstraint(
            model_name='rotaassignment',
            constraint=models.UniqueConstraint(fields=('employee', 'since'), name='one_rota_from_a_day', nulls_distinct=False, violation_error_message='Something else holds from this day already.'),
        ),
        migrations.AddConstraint(
            model_name='rotaassignment',
            constraint=models.CheckConstraint(condition=models.Q(('employee__isnull', False), ('rota__isnull', False), _connector='OR'), name='company_hours_are_a_rota'),
        ),
    ]
