using System.CommandLine;
using Oort.Cli;
using Oort.Cli.Verbs;
using Oort.Gateway;
using Oort.S3.Client;

var root = new RootCommand("Oort: an S3-compatible gateway that encrypts every object and spreads it over stores nobody owns alone.")
{
    ServeVerb.Create(),
    NodeVerb.Create(),
    StatusVerb.Create(),
    DiskVerb.Create(),
    ObjectVerb.Create(),
    PlacementVerb.Create(),
    BackendVerb.Create(),
    TierVerb.Create(),
    QuoteVerb.Create(),
    CostVerb.Create(),
    BudgetVerb.Create(),
    QuotaVerb.Create(),
    NotificationVerb.Create(),
    BucketVerb.Create(),
    ImportVerb.Create(),
    DurabilityVerb.Create(),
    FsckVerb.Create(),
    ScrubVerb.Create(),
    RecoverVerb.Create(),
    DrillVerb.Create(),
    MetadataVerb.Create(),
    KeyVerb.Create(),
    ClockVerb.Create(),
    KmsVerb.Create(),
    AccountVerb.Create(),
    UserVerb.Create(),
    PolicyVerb.Create(),
    HealthVerb.Create(),
    GrantVerb.Create(),
    ShareVerb.Create(),
};

try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (OperationCanceledException)
{
    return ExitCode.Interrupted;
}
catch (AwsProfileException e)
{
    await Console.Error.WriteLineAsync("oort: " + e.Message);
    return ExitCode.Configuration;
}
catch (Exception e) when (e is ConfigurationException or AdminException or S3ClientException)
{
    await Console.Error.WriteLineAsync("oort: " + e.Message);
    return e is ConfigurationException ? ExitCode.Configuration : ExitCode.Failed;
}
