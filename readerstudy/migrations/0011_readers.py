import django.db.models.deletion
import readerstudy.models.reader
from django.db import migrations, models


def give_return_codes(apps, schema_editor):
    """Give each reader a code of their own: the column's default was computed once for all."""
    readers = apps.get_model("readerstudy", "Reader").objects.using(schema_editor.connection.alias)
    for reader in readers.all():
        reader.return_code = readerstudy.models.reader.new_return_code()
        reader.save(update_fields=["return_code"])


class Migration(migrations.Migration):

    dependencies = [
        ('readerstudy', '0010_memberships'),
    ]

    operations = [
        migrations.CreateModel(
            name='CaseExclusion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('reason', models.CharField(max_length=500)),
            ],
            options={
                'ordering': ['at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Debrief',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('written_at', models.DateTimeField(auto_now_add=True)),
                ('payload', models.JSONField(help_text="the whole page's content: see domain.debrief_writing")),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='ReaderContact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254)),
                ('added_at', models.DateTimeField(auto_now_add=True)),
                ('reminded_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.RenameField(
            model_name='reader',
            old_name='links_made',
            new_name='session_number',
        ),
        migrations.AddField(
            model_name='reader',
            name='consented_at',
            field=models.DateTimeField(help_text="to the text in the study's design", null=True),
        ),
        migrations.AddField(
            model_name='reader',
            name='declined_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='reader',
            name='passphrase',
            field=models.CharField(blank=True, help_text='hashed; without one nobody returns elsewhere', max_length=200),
        ),
        migrations.AddField(
            model_name='reader',
            name='profile_confirmed_at',
            field=models.DateTimeField(help_text='when the reader confirmed years and specialty', null=True),
        ),
        migrations.AddField(
            model_name='reader',
            name='return_code',
            field=models.CharField(default=readerstudy.models.reader.new_return_code, help_text='what the reader goes by to return elsewhere', max_length=9, null=True),
        ),
        migrations.RunPython(give_return_codes, migrations.RunPython.noop, elidable=True),
        migrations.AlterField(
            model_name='reader',
            name='return_code',
            field=models.CharField(default=readerstudy.models.reader.new_return_code, help_text='what the reader goes by to return elsewhere', max_length=9, unique=True),
        ),
        migrations.AlterField(
            model_name='reader',
            name='session_number',
            field=models.PositiveIntegerField(default=1, help_text='the session that knows it counts, no other'),
        ),
        migrations.AddField(
            model_name='reader',
            name='withdrawal_reason',
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name='reader',
            name='withdrawn_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='sequence',
            name='draw',
            field=models.PositiveIntegerField(default=1, help_text='how many orders were drawn for the reader, with this one'),
        ),
        migrations.AddField(
            model_name='sequence',
            name='former_reader',
            field=models.ForeignKey(help_text='whose it was', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='superseded_sequences', to='readerstudy.reader'),
        ),
        migrations.AddField(
            model_name='sequence',
            name='superseded_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='sequence',
            name='reader',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='sequence', to='readerstudy.reader'),
        ),
        migrations.AddConstraint(
            model_name='sequence',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('former_reader', None), ('reader__isnull', False), ('superseded_at', None)), models.Q(('former_reader__isnull', False), ('reader', None), ('superseded_at__isnull', False)), _connector='OR'), name='sequence_is_its_readers_or_superseded'),
        ),
        migrations.AddField(
            model_name='caseexclusion',
            name='case',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='exclusion', to='readerstudy.case'),
        ),
        migrations.AddField(
            model_name='debrief',
            name='reader',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='debrief', to='readerstudy.reader'),
        ),
        migrations.AddField(
            model_name='readercontact',
            name='reader',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='contact', to='readerstudy.reader'),
        ),
    ]
