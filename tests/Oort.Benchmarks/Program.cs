using Oort.Benchmarks.Gateway;
using Oort.Benchmarks.Kernels;

return args switch
{
    ["kernels", .. var rest] => KernelBenchmarks.Run(rest),
    ["gateway", .. var rest] => GatewayBenchmarks.Run(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        Usage: Oort.Benchmarks VERB

          kernels [--rounds N] [--json]   erasure coding and checksums against scalar code and ISA-L, one core, buffers in cache
          gateway [--short] [--json]      the whole gateway over HTTP: rates, latencies, processor time and memory of the server
        """);
    return 2;
}
