import { ADAPTERS } from "./adapters.ts";
import { serveSuite } from "./serve_suite.ts";

for (const adapter of ADAPTERS) serveSuite(adapter);
