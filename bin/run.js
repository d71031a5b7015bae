#!/usr/bin/env node
import { execute } from "../cli/program.js";

await execute({ dir: import.meta.url });
