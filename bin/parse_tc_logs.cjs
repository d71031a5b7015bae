#!/usr/bin/env node
"use strict";

require("./node-version.cjs").start("parse_tc_logs", () => import("./parse_tc_logs.js"));
