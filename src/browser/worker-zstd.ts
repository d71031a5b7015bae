/** The script of a worker for every log. One file each: not every bundler can divide a worker's script. */
import { unzstd } from "../io/packed/unzstd.js";
import { serve } from "./serve.js";

serve(unzstd);
