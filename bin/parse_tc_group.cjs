#!/usr/bin/env node
"use strict";

require("./node-version.cjs").start("parse_tc_group", () => import("./parse_tc_group.js"));
