using System.Diagnostics;
using Shouldly;
using Xunit;

namespace Oort.Tidy.Sources;

/// <summary>What the last line of build.sh says however it ends.</summary>
public sealed class BuildScriptTests
{
    [Theory]
    [InlineData("sleep 20 >/dev/null & wait $!", true)]
    [InlineData("sleep 1; return 1", false)]
    public async Task Build_EndedBeforeItsEnd_IsAFailure(string prerequisites, bool isTerminated)
    {
        var folder = Directory.CreateTempSubdirectory("oort-build-");
        try
        {
            File.Copy(Tree.Full("build.sh"), Path.Combine(folder.FullName, "build.sh"));
            folder.CreateSubdirectory("eng");
            var begun = Path.Combine(folder.FullName, "begun");
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "eng", "sdk.sh"), $"require_sdk() {{ touch begun; {prerequisites}; }}\n");
            using var build = Process.Start(new ProcessStartInfo("bash", ["build.sh", "simulate", "1"]) { WorkingDirectory = folder.FullName, RedirectStandardOutput = true })!;
            while (!File.Exists(begun)) await Task.Delay(20);
            if (isTerminated)
            {
                using var kill = Process.Start("kill", ["-TERM", $"{build.Id}"]);
                await kill.WaitForExitAsync();
            }

            var output = await build.StandardOutput.ReadToEndAsync();
            await build.WaitForExitAsync();
            output.TrimEnd().Split('\n')[^1].ShouldBe("0 passed, 1 failed");
            build.ExitCode.ShouldNotBe(0);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
