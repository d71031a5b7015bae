/** The script of a worker for plain text and gzip. */
import { serve } from "./serve.js";

serve(() => {
  throw new Error("this worker was made for logs without zstd");
});
