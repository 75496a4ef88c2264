namespace Oort.Objects.Budget;

/// <summary>Who holds a buffer's share of the budget.</summary>
internal enum BufferCharge
{
    /// <summary>It was set aside before.</summary>
    None,

    /// <summary>A request or a task of the background, which waited for it.</summary>
    Request,

    /// <summary>A connection, which could not wait.</summary>
    Connection,
}
