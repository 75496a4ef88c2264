using System.Text.Json;
using Oort.Objects.Events;

namespace Oort.Gateway.Notifications;

/// <summary>A queued event as the one who sends it sees it.</summary>
/// <param name="name">Of its setting.</param>
/// <param name="value">Of its setting.</param>
internal sealed class WaitingEvent(string name, byte[] value)
{
    public string Name { get; } = name;

    public byte[] Value { get; } = value;

    /// <summary>What is unlike that of every other event: generation and place.</summary>
    public string Id { get; } = name[(name.LastIndexOf('/') + 1)..];

    /// <summary>Bucket and key: events of one subject go one after the other.</summary>
    public string Subject { get; private init; } = "";

    public DateTimeOffset Queued { get; private init; }

    /// <summary>Why it can never be sent; null: it can.</summary>
    public string? Fault { get; private init; }

    public ReadOnlyMemory<byte> Message { get; private init; }

    public int Attempts { get; set; }

    public DateTimeOffset NotBefore { get; set; }

    public bool IsUnderWay { get; set; }

    /// <summary>It was sent or given up, and its setting is about to go.</summary>
    public bool IsOver { get; set; }

    public string LastFailure { get; set; } = "";

    /// <param name="now">The age of an event that cannot be read counts from here.</param>
    public static WaitingEvent Read(string name, byte[] value, DateTimeOffset now)
    {
        try
        {
            var message = EventQueue.MessageOf(value);
            using var document = JsonDocument.Parse(message);
            var root = document.RootElement;
            if (!root.TryGetProperty("Records", out var records)) return new(name, value) { Message = message, Subject = root.GetProperty("Bucket").GetString() + "\0", Queued = root.GetProperty("Time").GetDateTimeOffset() };
            var s3 = records[0].GetProperty("s3");
            return new(name, value)
            {
                Message = message,
                Subject = s3.GetProperty("bucket").GetProperty("name").GetString() + "\0" + s3.GetProperty("object").GetProperty("key").GetString(),
                Queued = records[0].GetProperty("eventTime").GetDateTimeOffset(),
            };
        }
        catch (Exception failure) when (failure is FormatException or JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            return new(name, value) { Fault = $"The event cannot be read: {failure.Message}", Queued = now };
        }
    }
}
