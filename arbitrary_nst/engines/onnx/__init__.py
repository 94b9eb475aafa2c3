"""Models and styles as ONNX files, which runtimes on other devices and in the browser take."""
