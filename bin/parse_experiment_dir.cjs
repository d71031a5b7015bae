#!/usr/bin/env node
"use strict";

require("./node-version.cjs").start("parse_experiment_dir", () => import("./parse_experiment_dir.js"));
