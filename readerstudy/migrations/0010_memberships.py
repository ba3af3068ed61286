import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def keep_every_study_reachable(apps, schema_editor):
    """Until now staff could do everything: they become administrators; who created a study becomes its owner."""
    using = schema_editor.connection.alias
    users = apps.get_model(settings.AUTH_USER_MODEL).objects.using(using)
    users.filter(is_staff=True).update(is_superuser=True)
    studies = apps.get_model("readerstudy", "Study").objects.using(using)
    memberships = apps.get_model("readerstudy", "Membership").objects.using(using)
    for study in studies.exclude(created_by=None):
        memberships.create(study=study, user_id=study.created_by_id, role="owner")


class Migration(migrations.Migration):

    dependencies = [
        ('readerstudy', '0009_case_reviews'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='dataset',
            options={'ordering': ['name'], 'permissions': [('manage_data', 'Can import and delete data sets')]},
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('coordinator', 'Coordinator'), ('analyst', 'Analyst'), ('observer', 'Observer')], max_length=12)),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='readerstudy.study')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('study', 'user'), name='one_role_in_a_study')],
            },
        ),
        migrations.RunPython(keep_every_study_reachable, migrations.RunPython.noop),
    ]
