using Oort.Metadata.Writing;

namespace Oort.Metadata.Postgres.Writing;

/// <summary>A command of this engine: it says what it will look at, and is answered only when what other gateways committed there is in a journal too.</summary>
internal interface IPostgresCommand
{
    /// <summary>Adds what the command will look at.</summary>
    void Foresee(Prefetch prefetch);

    /// <summary>Groups of other gateways that are to be in a journal before the answer.</summary>
    IReadOnlyList<ForeignGroup> Foreign { get; set; }
}

/// <inheritdoc cref="IPostgresCommand"/>
internal sealed class PostgresCommand<TResult>(Func<WriteSession, TResult> run, Action<Prefetch> foresee) : WriteCommand<TResult>(run), IPostgresCommand
{
    public IReadOnlyList<ForeignGroup> Foreign { get; set; } = [];

    public void Foresee(Prefetch prefetch) => foresee(prefetch);
}

/// <summary>A group that another gateway has committed and has not said to be in its journal.</summary>
internal readonly record struct ForeignGroup(string Gateway, ulong Last);
