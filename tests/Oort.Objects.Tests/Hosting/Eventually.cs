using Shouldly;

namespace Oort.Objects.Tests.Hosting;

/// <summary>Waits for a condition that background work brings about.</summary>
internal static class Eventually
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(60);

    public static Task TrueAsync(Func<bool> condition) => Async(() => Task.FromResult(condition()));

    public static async Task Async(Func<Task<bool>> condition)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            TimeProvider.System.GetElapsedTime(begun).ShouldBeLessThan(patience, "The condition did not come true.");
            await Task.Delay(5);
        }
    }
}
