/** The version of this package. A test holds it to package.json and to the native library. */
export const VERSION = "0.1.0";
