#!/usr/bin/env node
"use strict";

require("./node-version.cjs").start("marian-tracking", () => import("./run.js"));
