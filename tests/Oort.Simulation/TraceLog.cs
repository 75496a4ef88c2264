using Microsoft.Extensions.Logging;
using Oort.Simulation.Scheduling;

namespace Oort.Simulation;

/// <summary>What the product logs, at its simulated time, in the trace.</summary>
internal sealed class TraceLog(Simulator simulator) : ILoggerFactory, ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new Logger(simulator, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
        // Nothing is held.
    }

    private sealed class Logger(Simulator simulator, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            simulator.Trace.Note(simulator.Now, $"{category} {logLevel}: {formatter(state, exception)} {(logLevel >= LogLevel.Error ? exception?.ToString() : exception?.Message)}");
        }
    }
}
