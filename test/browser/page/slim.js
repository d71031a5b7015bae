/** A page that brings the core itself. */
import * as slim from "marian-tracking/slim";

globalThis.slim = slim;
