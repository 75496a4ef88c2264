global using System.Collections.Immutable;
global using Oort.Backends;
global using Oort.Checksums;
global using Oort.Metadata.Tests.Fakes;
global using Shouldly;
global using Xunit;
