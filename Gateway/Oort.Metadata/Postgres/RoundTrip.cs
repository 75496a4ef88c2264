using Npgsql;
using NpgsqlTypes;
using Oort.Backends;

namespace Oort.Metadata.Postgres;

/// <summary>Statements that go to the server together and are answered together: one wait for the network, however many they are.</summary>
/// <remarks>An error ends it: what stands behind is not run. Outside a transaction all of them are one.</remarks>
/// <param name="threads">Where a thread that blocks in <see cref="Run"/> is from.</param>
internal sealed class RoundTrip(NpgsqlConnection connection, ThreadProvider? threads = null)
{
    private readonly List<(string Sql, NpgsqlParameter[] Parameters)> statements = [];
    private readonly List<Action<NpgsqlDataReader>> readers = [];
    private readonly List<Action> afterwards = [];

    public bool IsEmpty => statements.Count == 0;

    /// <summary>Adds a statement that returns no rows.</summary>
    public RoundTrip Add(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        statements.Add((sql, parameters.ToArray()));
        return this;
    }

    /// <summary>Adds a statement that returns rows, each of which is given to <paramref name="read"/>.</summary>
    public RoundTrip Query(string sql, Action<NpgsqlDataReader> read, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        readers.Add(read);
        return Add(sql, parameters);
    }

    /// <summary>Runs something when all rows have been read.</summary>
    public RoundTrip Then(Action act)
    {
        afterwards.Add(act);
        return this;
    }

    /// <remarks>The driver writes a batch of several statements in the pool even for a caller that blocks; so all of it is done there, and the thread sleeps.</remarks>
    public void Run() => (threads ?? ThreadProvider.System).Wait(RunAsync(CancellationToken.None).AsTask());

    public async ValueTask RunAsync(CancellationToken cancellationToken)
    {
        await using (var batch = Build())
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            foreach (var read in readers)
            {
                while (await reader.ReadAsync(cancellationToken)) read(reader);
                await reader.NextResultAsync(cancellationToken);
            }
        }
        foreach (var act in afterwards) act();
    }

    private NpgsqlBatch Build()
    {
        var batch = new NpgsqlBatch(connection);
        foreach (var (sql, parameters) in statements)
        {
            var command = new NpgsqlBatchCommand(sql);
            foreach (var parameter in parameters) command.Parameters.Add(parameter);
            batch.BatchCommands.Add(command);
        }
        return batch;
    }

    public static NpgsqlParameter Bytes(byte[]? value) => new() { NpgsqlDbType = NpgsqlDbType.Bytea, Value = (object?)value ?? DBNull.Value };

    public static NpgsqlParameter Bytes(byte[]?[] values) => new() { NpgsqlDbType = NpgsqlDbType.Bytea | NpgsqlDbType.Array, Value = values };

    public static NpgsqlParameter Long(long value) => new NpgsqlParameter<long> { NpgsqlDbType = NpgsqlDbType.Bigint, TypedValue = value };

    public static NpgsqlParameter Long(ulong value) => Long(checked((long)value));

    public static NpgsqlParameter Longs(long[] values) => new() { NpgsqlDbType = NpgsqlDbType.Bigint | NpgsqlDbType.Array, Value = values };

    public static NpgsqlParameter Int(int value) => new NpgsqlParameter<int> { NpgsqlDbType = NpgsqlDbType.Integer, TypedValue = value };

    public static NpgsqlParameter Ints(int[] values) => new() { NpgsqlDbType = NpgsqlDbType.Integer | NpgsqlDbType.Array, Value = values };

    public static NpgsqlParameter Shorts(short[] values) => new() { NpgsqlDbType = NpgsqlDbType.Smallint | NpgsqlDbType.Array, Value = values };

    public static NpgsqlParameter Flags(bool[] values) => new() { NpgsqlDbType = NpgsqlDbType.Boolean | NpgsqlDbType.Array, Value = values };

    public static NpgsqlParameter Text(string value) => new NpgsqlParameter<string> { NpgsqlDbType = NpgsqlDbType.Text, TypedValue = value };

    public static NpgsqlParameter Texts(string[] values) => new() { NpgsqlDbType = NpgsqlDbType.Text | NpgsqlDbType.Array, Value = values };

    public static NpgsqlParameter Span(TimeSpan value) => new NpgsqlParameter<TimeSpan> { NpgsqlDbType = NpgsqlDbType.Interval, TypedValue = value };
}

/// <summary>What rows give.</summary>
internal static class ReaderExtensions
{
    public static byte[] Blob(this NpgsqlDataReader reader, int column) => reader.GetFieldValue<byte[]>(column);

    public static byte[]? BlobOrNull(this NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<byte[]>(column);

    public static ulong ULong(this NpgsqlDataReader reader, int column) => (ulong)reader.GetInt64(column);
}
