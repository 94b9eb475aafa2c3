"""The CPU engine, and what only OpenVINO needs: conversion, rewrites, cutting into passes, strips."""
