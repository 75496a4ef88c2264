using Oort.Benchmarks.Access;
using Oort.Benchmarks.Cluster;
using Oort.Benchmarks.Gateway;
using Oort.Benchmarks.Kernels;
using Oort.Benchmarks.Lifecycle;

return args switch
{
    ["access", .. var rest] => AccessBenchmark.Run(rest),
    ["kernels", .. var rest] => KernelBenchmarks.Run(rest),
    ["gateway", .. var rest] => GatewayBenchmarks.Run(rest),
    ["cluster", .. var rest] => await ClusterBenchmarks.RunAsync(rest),
    ["lifecycle", .. var rest] => await LifecycleBenchmark.RunAsync(rest),
    ["recovery", .. var rest] => await RecoveryBenchmark.RunAsync(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        Usage: Oort.Benchmarks VERB

          access                          what it costs to decide who may do what
          kernels [--rounds N] [--json]   erasure coding and checksums against scalar code and ISA-L, one core, buffers in cache
          gateway [--short] [--json FILE] the whole gateway over HTTP: rates, latencies, processor time and memory of the server, beside
                                          raw limits of the machine; minutes and 64 GiB of disk, with --short seconds
          gateway --only METHOD,SIZE,CONNECTIONS,COUNT [--repeat N]   one work alone (PUT, GET, HEAD or LIST), to profile it
          cluster [nodes|repair|edge|databases|audits|migrate]... [--short] [--objects N]
                                          several processes: six storage nodes beside local disks, the rebuilding of a lost one, a cache far from them, PostgreSQL beside
                                          SQLite, what audits cost, and the pause of writes while the metadata move; N objects are moved (default 1,000,000)
          cluster nodes --only NAME [--rounds N]      the works whose names begin so ("GET 64"), to profile them
          lifecycle [--objects N]         what a day of a lifecycle costs in a bucket of N keys (default 1,000,000), of which 1,000 are due, beside one of 10,000;
                                          and a page of versions at the end of it beside one at the start
          recovery [--objects N] [--nodes]            recovery rate: objects of 4 KiB that oort recover rebuilds a minute from six disks, or six
                                          storage nodes, and the phrase
        """);
    return 2;
}
